"""What holds for every test."""

import signal

# A shell that starts the tests in the background has them ignore Ctrl+C, and whatever they start inherits that; but
# there are tests which send it to a training and watch it end in good order.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
