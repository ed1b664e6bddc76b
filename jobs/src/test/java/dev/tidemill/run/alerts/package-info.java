@NullMarked
package dev.tidemill.run.alerts;

import org.jspecify.annotations.NullMarked;
