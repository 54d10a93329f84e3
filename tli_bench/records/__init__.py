"""Results: records on disk, written atomically and checked whenever they are read."""

from tli_bench.base.files import require_writable as require_writable
from tli_bench.base.files import write_bytes as write_bytes
from tli_bench.base.files import write_json as write_json
from tli_bench.base.files import write_text as write_text
from tli_bench.records.export import record_schema as record_schema
from tli_bench.records.lm_eval import TaskScore as TaskScore
from tli_bench.records.lm_eval import read_task_scores as read_task_scores
from tli_bench.records.seal import record_digest as record_digest
from tli_bench.records.store import RecordStore as RecordStore
from tli_bench.records.store import read_record as read_record
