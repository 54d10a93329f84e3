"""The command `tli-bench`, which `python -m tli_bench` is as well."""

from tli_bench.base.signals import end_in_one_line


def main() -> None:
    """Run the command line; a signal ends it in one line from here on, so that even its imports come later."""
    end_in_one_line()
    from tli_bench.cli import main as command

    command()


if __name__ == "__main__":
    main()
