/// Documents that users hand in: stored under the data folder, then ingested.
@NullMarked
package dev.tidemill.admin.documents;

import org.jspecify.annotations.NullMarked;
