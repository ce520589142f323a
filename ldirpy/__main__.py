"""`python -m ldirpy`."""

import sys

from ldirpy.cli import main

sys.exit(main())
