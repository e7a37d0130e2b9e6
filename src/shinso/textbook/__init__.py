"""What is there to be read beside the books, and to check the rest against.

- `backpropagate`: cost and gradient with back-propagation written out (`forward`, `output_delta`, `backward`, `descend`).
"""

from shinso.textbook._backpropagation import Trace as Trace
from shinso.textbook._backpropagation import backpropagate as backpropagate
from shinso.textbook._backpropagation import backward as backward
from shinso.textbook._backpropagation import descend as descend
from shinso.textbook._backpropagation import forward as forward
from shinso.textbook._output_delta import output_delta as output_delta
