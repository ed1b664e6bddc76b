/// Tests of the schedules.
@NullMarked
package dev.tidemill.admin.schedules;

import org.jspecify.annotations.NullMarked;
