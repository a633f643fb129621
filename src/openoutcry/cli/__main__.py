"""`python -m openoutcry.cli` is `outcry`."""

import sys

from openoutcry.cli.entry import main

sys.exit(main())
