"""The anomaly model: an IsolationForest over what groups do in a market in a minute. It ranks, it never decides."""
