"""The question engine, pure: what questions are, who is shown which, what is wrong with answers, what they add up to.

`question` the questions as values · `conditions` of showing · `kinds` of questions · `sheet` a questionnaire as typed ·
`given` the answers of somebody · `results` of many. Nothing here reads a database.
"""
