"""What Steadyhand costs: each module measures one thing; ``python3 run.py bench`` runs them."""
