"""The kernel: reads, checks, compiles and runs diagrams; the only part that knows SpiffWorkflow.

diagram, reader, drawing   what stands on the drawing, and where
lint/                      what is wrong with it
definition                 compiles what is right into elements
element                    what every element has in common: how a token comes, works and goes on
gateways, activities, repetition, events, with scripts, timers and allowances
                           what each kind of element does with a token
payloads                   how much of it fits into a message
instance, progress, changes
                           the tokens of one instance and the loop that runs them; what came of it
handlers                   who handles what was thrown
snapshot                   what is between two steps, as text
run                        the way in: start, restore, save
control, reading, moving   what people see of a running instance, and how they move its tokens
matching, migration        how it moves to another version of its diagram
overrides                  what we change in SpiffWorkflow itself
"""
