"""Language from facts: reports, questions with answers, captions and requests, and their reading back into claims."""
