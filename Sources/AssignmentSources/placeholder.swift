// AssignmentSources
