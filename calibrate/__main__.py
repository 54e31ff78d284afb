"""``python -m calibrate``"""

from calibrate.cli.app import main

main()
