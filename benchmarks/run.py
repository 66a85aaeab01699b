"""`make bench`: what is measured today, in the order of docs/architecture.md: the import, on both databases."""

from benchmarks import imports

if __name__ == "__main__":
    imports.main()
