"""`python -m ldirpy.ldirectord`: the name under which the daemon stands in the process list.

Perl's ldirectord takes a process for a running daemon if its command line has `ldirectord` in it.
"""

import sys

from ldirpy.cli import main

sys.exit(main())
