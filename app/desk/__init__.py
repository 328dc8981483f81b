"""What people do in the console: signed in, by their role, one audited transaction a deed."""
