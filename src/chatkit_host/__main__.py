"""`python -m chatkit_host`."""

import sys

from chatkit_host.cli import main

sys.exit(main())
