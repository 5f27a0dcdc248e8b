"""The engine: a compiled core of reducers, called once an event, and the rules, called at triggers only."""
