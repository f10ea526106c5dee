package de.vertico.starface.module.core.runtime;

/**
 * The way into the PBX. It has methods, whose types differ between versions; a call that is compiled names those types,
 * so all of them are called by reflection and none stands here.
 */
public interface IRuntimeEnvironment {
}
