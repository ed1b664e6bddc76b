/// The schema held against a real PostgreSQL with pgvector: it applies, rolls back, and keeps tenants apart.
@NullMarked
package dev.tidemill.schema;

import org.jspecify.annotations.NullMarked;
