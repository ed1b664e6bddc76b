/// All SQL on documents, texts, chunks, vectors and the text index. Every call runs in a transaction of
/// [Workspaces], which sets the workspace that row-level security lets through.
@NullMarked
package dev.tidemill.store;

import org.jspecify.annotations.NullMarked;
