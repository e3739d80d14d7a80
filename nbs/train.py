"The notes' way to start a training: `python nbs/train.py [preset] --flags` is `steernb train [preset] --flags`"
import sys
from steernb.cli import main

if __name__ == "__main__": sys.exit(main(["train", *sys.argv[1:]]))
