"""The picture of the architecture, drawn from ``template.yaml``."""
