"""What is tested: proposals, the frozen list of policies, looks, and the tests on draws that chose nothing."""
