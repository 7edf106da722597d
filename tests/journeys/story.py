"""A priority-1 incident from alert to closure: who does what, with which answers."""

import json
from pathlib import Path

ALERT = json.loads((Path(__file__).parent / "alertmanager.json").read_text())

STEPS = (
    (
        "dora",
        "ClassifyIncident",
        {
            "kind": "incident",
            "category": "application",
            "impact": "high",
            "urgency": "high",
            "classification_notes": "Every dealer is affected.",
        },
    ),
    (
        "max",
        "ReviewMajorCandidate",
        {"major_decision": "promote", "major_reason": "All dealers are cut off."},
    ),
    (
        "dora",
        "DiagnoseIncident",
        {"symptoms": "Login answers with 503.", "first_contact": "not_solved"},
    ),
    (
        "tess",
        "InvestigateCause",
        {"findings": "Session store is full.", "cause": "Disk full", "next_step": "fix"},
    ),
    (
        "tess",
        "RestoreService",
        {
            "action_taken": "Removed old sessions and restarted the portal.",
            "resolution_code": "fixed",
            "resolution_notes": "The portal lets dealers in again.",
        },
    ),
    (
        "dora",
        "ConfirmResolution",
        {"confirmation": "restored", "confirmation_notes": "Two dealers have signed in."},
    ),
    (
        "max",
        "HoldReview",
        {
            "what_happened": "The session store ran full over the weekend.",
            "contributing_factors": "No alert on its disk.",
            "corrective_actions": "Tess adds the alert by Friday.",
        },
    ),
    (
        "dora",
        "CheckClosureData",
        {
            "category_check": "yes",
            "cause": "Disk full",
            "knowledge_article": "needed",
            "problem_record": "not_needed",
        },
    ),
)

# What the audit trace must hold, in order: event, element, first name of the actor.
SYSTEM = "Steadyhand"
TRACE = (
    ("incident:reported", None, "alertmanager:"),
    ("process:started", None, SYSTEM),
    ("element:completed", "IncidentReported", SYSTEM),
    ("clock:changed", None, "alertmanager:"),  # somebody is to respond
    ("task:opened", "ClassifyIncident", SYSTEM),
    ("task:claimed", "ClassifyIncident", "Dora"),
    ("task:completed", "ClassifyIncident", "Dora"),
    ("element:completed", "IsItAnIncident", SYSTEM),
    ("element:completed", "DecidePriority", SYSTEM),
    ("element:completed", "RecordClassification", SYSTEM),
    ("element:completed", "CouldItBeMajor", SYSTEM),
    ("clock:changed", None, "Dora"),  # somebody has
    ("clock:changed", None, "Dora"),  # the service is to be restored
    ("task:opened", "ReviewMajorCandidate", SYSTEM),
    ("task:claimed", "ReviewMajorCandidate", "Max"),
    ("task:completed", "ReviewMajorCandidate", "Max"),
    ("element:completed", "PromoteToMajor", SYSTEM),
    ("element:completed", "DeclareMajorIncident", SYSTEM),
    ("element:completed", "AfterMajorReview", SYSTEM),
    ("element:completed", "BeforeDiagnosis", SYSTEM),
    ("task:opened", "DiagnoseIncident", SYSTEM),
    ("task:claimed", "DiagnoseIncident", "Dora"),
    ("task:completed", "DiagnoseIncident", "Dora"),
    ("element:completed", "SolvedAtFirstContact", SYSTEM),
    ("element:completed", "BeforeInvestigation", SYSTEM),
    ("task:opened", "InvestigateCause", SYSTEM),
    ("task:claimed", "InvestigateCause", "Tess"),
    ("task:completed", "InvestigateCause", "Tess"),
    ("element:completed", "WhatIsNext", SYSTEM),
    ("task:opened", "RestoreService", SYSTEM),
    ("task:claimed", "RestoreService", "Tess"),
    ("task:completed", "RestoreService", "Tess"),
    ("element:completed", "BeforeResolution", SYSTEM),
    ("element:completed", "MarkResolved", SYSTEM),
    ("clock:changed", None, "Tess"),
    ("task:opened", "ConfirmResolution", SYSTEM),
    ("task:claimed", "ConfirmResolution", "Dora"),
    ("task:completed", "ConfirmResolution", "Dora"),
    ("element:completed", "IsServiceRestored", SYSTEM),
    ("element:completed", "BeforeReview", SYSTEM),
    ("element:completed", "IsReviewNeeded", SYSTEM),
    ("task:opened", "HoldReview", SYSTEM),
    ("task:claimed", "HoldReview", "Max"),
    ("task:completed", "HoldReview", "Max"),
    ("element:completed", "BeforeClosure", SYSTEM),
    ("task:opened", "CheckClosureData", SYSTEM),
    ("task:claimed", "CheckClosureData", "Dora"),
    ("task:completed", "CheckClosureData", "Dora"),
    ("element:completed", "CloseIncident", SYSTEM),
    ("element:completed", "IncidentClosed", SYSTEM),
    ("process:completed", None, SYSTEM),
)
