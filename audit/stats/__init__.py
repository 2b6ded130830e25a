"""Layer 1, the statistics: arrays and counts in, frozen results out. No I/O, no clock, no hidden randomness.

| module | answers |
| --- | --- |
| `tango` | the score test and interval of a delta, from three counts |
| `paired` | how do two arms differ on the same records, and how sure is that |
| `exact` | the exact p-value of a margin claim, its critical region, the smallest useful n |
| `betting` | the same claim for graded scores |
| `discrimination` | what a criterion's own error does to a claim |
| `random_labels` | the true change from labels of random pairs, with a judge that has looked at all of them |
| `pairs_test` | what the pairs of a claim have to show, by the correction that its verdict will use |
| `label_sizes` | how many labels of random pairs settle a claim |
| `agreement` | how far people agree on the same answers, among themselves and with the criteria |
| `noninferiority` | PASS, FAIL or INCONCLUSIVE, in words |
| `sequential` | the same decision, watched while the replays come in |
| `canary` | how fast a policy may take over, so that a watch sees a bad one in time |
| `group_sequential` | the exact decision at a few looks that were declared beforehand |
| `dollars` | which share of the spend was avoidable |
| `ratios` | a ratio of two means over the same records, with Fieller's interval |
| `risk_control` | which routing policies are certified, chosen without looking |
| `random_mix` | does what a signal moves lose less than a random choice of the same share |
| `subsample` | are some requests a random sample of all of them |
| `wholly` | is a part that fails wholly more than chance |
| `groups` | which groups of alike requests fail more than chance |
| `falling` | has a rate fallen since some day, asked every day without replays |
| `planning` | how many pairs a decision needs |
| `clusters` | sessions, templates, duplicates |
| `multiplicity` | many claims at once |
| `routing_curves` | bounds of a loss over all thresholds at once, and where a cascade breaks even |
| `commitments` | what a spend commitment costs, and which one to sign |
| `missing` | the worst and the best that unmeasured pairs may hide |
| `percentiles` | a percentile of a sample, with bounds |
| `drift` | are two histograms of one kind of traffic |
| `quantiles` | normal and t quantiles, checked arrays |
| `least` | the least number that is enough |

Import the module that is needed; nothing is imported here, so that `audit.stats` costs nothing to load.
"""
