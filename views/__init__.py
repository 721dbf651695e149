"""How records appear: screens are derived from the declarations; nothing about rights or rules is decided here."""
