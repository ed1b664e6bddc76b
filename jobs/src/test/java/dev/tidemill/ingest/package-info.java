/// The ingest job on a real PostgreSQL with the real embedding model.
@NullMarked
package dev.tidemill.ingest;

import org.jspecify.annotations.NullMarked;
