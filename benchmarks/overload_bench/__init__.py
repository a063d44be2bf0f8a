"""How good each rule is: alarms on steady runners, and what is found of planted overloads, beside naive rules."""
