"""From what the user typed to inputs. Only this room opens the files of a project."""
