"""Object storage by Arrow's own file systems: for logs that lie there, and for batches that are handed in there."""

from audit.core.catalog import Catalog
from audit.storage.object_storage import ObjectStorage

STORAGES: Catalog[ObjectStorage] = Catalog(
    kind="object storage",
    group="audit.storages",
    package=__name__,
    constant="STORAGE",
    names=("az", "gs", "s3"),
    expects=ObjectStorage,
)
"""By the scheme of an address: `s3` opens `s3://bucket/prefix`."""
