"""Training and growth (5): the bank of questions, quizzes and attempts at them."""
