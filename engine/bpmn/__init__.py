"""The kernel: reads, checks, compiles and runs diagrams; the only part that knows SpiffWorkflow.

``diagram`` reads the XML, ``lint`` says what is wrong with it, ``definition`` compiles what is
right, ``run`` takes one step, ``snapshot`` keeps what is between two steps, ``overrides`` holds
what we change in SpiffWorkflow itself.
"""
