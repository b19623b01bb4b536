"""What the templates of CivisML run: training, prediction and registration of models by scikit-learn.

The programs are pure; `program` and what it imports put them to work inside a run.
The platform itself loads nothing of it.
"""
