"""`python -m tli_bench` is the same command as `tli-bench`."""

from tli_bench.cli import main

if __name__ == "__main__":
    main()
