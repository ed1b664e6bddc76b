@NullMarked
package dev.tidemill.admin.crashtest;

import org.jspecify.annotations.NullMarked;
