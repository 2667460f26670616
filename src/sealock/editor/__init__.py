"""The language server: findings in an editor as one types, the manual on hover, and fixes."""
