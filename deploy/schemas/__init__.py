"""The event schemas in docs/events: written from domain.events, and held to what they once promised.

An event's schema, once committed, binds every later version of the code: records written to it stand in
topics and archives, and others read them. The baseline is therefore no folder that the same command rewrites,
but every version of docs/events/schemas that the branch ever held, read from git, and the working tree's.
Nothing done to the tree takes a promise back, neither editing nor deleting a schema, and nothing has to be
copied at a release. A schema committed by mistake and not yet shared is taken back by amending that commit.
Without a history (a source archive) the tree's own files are the baseline, and a shallow clone has as much
of it as was fetched; the command says so.
"""
