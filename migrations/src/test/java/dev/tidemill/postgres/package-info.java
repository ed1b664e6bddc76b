/// Databases for the tests of all modules, and the tests of the private cluster.
@NullMarked
package dev.tidemill.postgres;

import org.jspecify.annotations.NullMarked;
