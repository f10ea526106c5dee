package de.vertico.starface.module.core.runtime;

/** What the PBX calls. */
public interface IBaseExecutable {
    void execute(IRuntimeEnvironment context) throws Exception;
}
