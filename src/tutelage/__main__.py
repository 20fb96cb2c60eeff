"""`python -m tutelage` is the command `tutelage`, for launchers that start a module several times."""

import sys

from tutelage.cli.main import main

sys.exit(main())
