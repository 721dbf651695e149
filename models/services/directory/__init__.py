"""What directories of the company say of people and departments, asked for in one way: LDAP, WeCom, DingTalk."""
