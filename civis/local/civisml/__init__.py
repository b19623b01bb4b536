"""What the templates of CivisML run: training, prediction and registration of models by scikit-learn.

The programs are pure; `program` and what it imports put them to work inside a run, through the platform's API.
Nothing here is loaded by the platform's server.
"""
