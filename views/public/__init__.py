"""The public pages: what people outside may enter, and what they see of it by a link; drawn from declarations."""
