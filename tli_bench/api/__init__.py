"""The Python API: `score`, `train` and `compare`. Import them from `tli_bench` itself."""
