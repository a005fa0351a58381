"""The special pages of a MediaWiki 1.39 by the names that it shows, with their other names.

A site that says which it has (`Site.special_pages`) has others.
"""

_NAMES = """
BrokenRedirects DeadendPages DoubleRedirects LongPages AncientPages LonelyPages=OrphanedPages FewestRevisions
WithoutInterwiki ProtectedPages ProtectedTitles ShortPages UncategorizedCategories
UncategorizedFiles=UncategorizedImages UncategorizedPages UncategorizedTemplates UnusedCategories
UnusedFiles=UnusedImages UnusedTemplates UnwatchedPages WantedCategories WantedFiles WantedPages=BrokenLinks
WantedTemplates AllPages PrefixIndex Categories ListRedirects PagesWithProp=Pageswithprop,PagesByProp,Pagesbyprop
TrackingCategories UserLogin=Login UserLogout=Logout CreateAccount LinkAccounts UnlinkAccounts ChangeCredentials
RemoveCredentials ActiveUsers Block=BlockIP,BlockUser Unblock BlockList=ListBlocks,IPBlockList
AutoblockList=ListAutoblocks ChangePassword=ResetPass,ResetPassword BotPasswords PasswordReset DeletedContributions
Preferences ResetTokens Contributions=Contribs ListGroupRights=UserGroupRights ListGrants ListUsers=UserList,Users
ListAdmins ListBots UserRights=MakeSysop,MakeBot EditWatchlist PasswordPolicies NewFiles=NewImages Log=Logs
Watchlist NewPages RecentChanges RecentChangesLinked=RelatedChanges Tags ListFiles=FileList,ImageList FilePath
MediaStatistics MIMESearch FileDuplicateSearch Upload UploadStash ListDuplicatedFiles=ListFileDuplicates ApiSandbox
Statistics=Stats AllMessages Version LockDB UnlockDB LinkSearch Random=RandomPage RandomInCategory RandomRedirect
RandomRootpage GoToInterwiki MostLinkedCategories=MostUsedCategories MostLinkedFiles=MostFiles,MostImages
MostInterwikis MostLinkedPages=MostLinked MostTranscludedPages=MostLinkedTemplates,MostUsedTemplates MostCategories
MostRevisions ComparePages Export Import Undelete WhatLinksHere MergeHistory ExpandTemplates ChangeContentModel
BookSources ApiHelp BlankPage DeletePage=Delete Diff EditPage=Edit EditTags EmailUser=Email MovePage
MyContributions=MyContribs MyLanguage MyPage MyTalk PageHistory=History PageInfo=Info ProtectPage=Protect Purge
MyUploads=MyFiles AllMyUploads=AllMyFiles NewSection=Newsection PermanentLink=PermaLink Redirect RevisionDelete
RunJobs SpecialPages PageData Search ConfirmEmail InvalidateEmail ChangeEmail
"""

SHOWN: dict[str, str] = {
    name.lower(): shown
    for shown, _, others in (word.partition("=") for word in _NAMES.split())
    for name in (shown, *others.split(","))
    if name
}
"""Names as they are shown, by all names in lower case with underscores."""
