"""Operations (6): schedules, backups, retention."""
