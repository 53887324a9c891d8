"""Facts in Parquet as a source: files that an earlier run has written are taken as they are, if their schema is ours."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from seawall.errors import Permanent
from seawall.forensic.sources.notes import Notes
from seawall.forensic.table import SCHEMA


def take_facts(path: Path, notes: Notes) -> None:
    """Note a file of facts as a part; raises Permanent where it holds none, or those of another version."""
    try:
        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
            wanted = (SCHEMA.metadata or {})[b"seawall"]
            found = (schema.metadata or {}).get(b"seawall")
            if found is None:
                raise Permanent("it is a Parquet file, but none with facts of mails")
            if found != wanted or not schema.equals(SCHEMA):
                raise Permanent(
                    f"its facts are {found.decode('utf-8', 'replace')[:64]!r}, which this version does not read: "
                    f"it reads {wanted.decode()}; gather them again"
                )
            octets = 0
            for batch in file.iter_batches(columns=["size"]):
                octets += pc.sum(batch.column(0)).as_py() or 0
            mails = file.metadata.num_rows
    except (pa.ArrowException, OSError) as problem:
        raise Permanent(f"it is no sound Parquet file ({str(problem)[:200]})") from problem
    notes.parts.append(path.absolute())
    notes.part_mails += mails
    notes.part_octets += octets
