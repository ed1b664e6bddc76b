/// Golden sets and evaluations over HTTP.
@NullMarked
package dev.tidemill.admin.evaluations;

import org.jspecify.annotations.NullMarked;
