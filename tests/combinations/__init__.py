"""The template in every form it can take: linted, rendered, deployed."""
