"""Host your own ChatKit backend: any model, your tools, your users, your database, and no answer is ever lost."""
