"""`make bench`: what is measured today is the import, on both databases."""

import sys

from benchmarks import imports

if __name__ == "__main__":
    sys.exit(imports.main())
